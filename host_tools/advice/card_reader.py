"""Where in the car the key card is held to, and how near the fob has to be.

The owner's manuals, and what people found who looked in the wrong place:

- Model 3 and Model Y: behind the cup holders on the centre console
  (tmodel3.com/key_card-1582.html, talsem.com/pages/tesla-model-y-using-the-key-card).
- Refreshed Model 3 (2024) and Model Y (2025): at the front of the centre console, where the
  wireless phone charger is (interior overview of the manual, in the data set
  roberthsu2003/data_for_RAG; that it has moved: PedroKTFC/esphome-tesla-ble issue 288).
- Model S and Model X since 2021: in the wireless phone charger of the centre console
  (tesms.org/key_card-2398.html). Earlier ones came with key fobs only and have no such reader.
- Cybertruck: on the wireless phone chargers of the centre console
  (carmanualhub.com/detail/tesla/cybertruck/2025-2026/using-a-key-card).
"""

from host_tools.identity.vin import model_year

BEHIND_THE_CUP_HOLDERS = "on the centre console, behind the cup holders"
ON_THE_CHARGER = "on the wireless phone charger of the centre console"
AT_THE_FRONT = "at the front of the centre console, on the wireless phone charger"

# The years in which both forms left the factories.
_REFRESHED = {"3": (2023, 2024), "Y": (2025, 2025)}
_CARDS_SINCE = 2021


def places(vin: str) -> tuple[str, ...]:
    """Where the reader of the car `vin` is, the likeliest place first; empty where it has none.

    A VIN that tells nothing gives all places that are known.
    """
    model, year = vin[3:4], model_year(vin)
    if model in _REFRESHED and year:
        first, last = _REFRESHED[model]
        if year < first:
            return (BEHIND_THE_CUP_HOLDERS,)
        if year > last:
            return (AT_THE_FRONT,)
        if year < last:
            return BEHIND_THE_CUP_HOLDERS, AT_THE_FRONT
        return AT_THE_FRONT, BEHIND_THE_CUP_HOLDERS
    if model in ("S", "X") and year:
        return (ON_THE_CHARGER,) if year >= _CARDS_SINCE else ()
    if model == "C":
        return (ON_THE_CHARGER,)
    return BEHIND_THE_CUP_HOLDERS, AT_THE_FRONT


def where_to_hold_it(vin: str) -> str:
    """The places as one clause that follows "hold the key card"."""
    found = places(vin)
    if not found:
        return "to the reader in the car; a Model S or X of before 2021 may have none"
    return ", or else ".join(found)
