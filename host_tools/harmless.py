"""Text that comes from elsewhere, made fit for a terminal."""


def harmless(text: str, keep: str = "") -> str:
    """`text` with "?" for whatever could move a cursor, hide something or not be written at all.

    keep    characters to let pass all the same.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in keep else "?" for each in text)


def harmless_values(told: object) -> object:
    """What JSON told, with every text in it harmless, names included."""
    if isinstance(told, str):
        return harmless(told)
    if isinstance(told, list):
        return [harmless_values(each) for each in told]
    if isinstance(told, dict):
        return {harmless(name): harmless_values(each) for name, each in told.items()}
    return told
