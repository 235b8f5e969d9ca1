"""Expected errors: `raises` for functions, `awaiting` for coroutines; both return the error."""


def raises(error, function, *args):
    try:
        function(*args)
    except error as raised:
        return raised
    raise AssertionError("nothing was raised")


async def awaiting(error, awaitable):
    try:
        await awaitable
    except error as raised:
        return raised
    raise AssertionError("nothing was raised")
