"""The claim: in a long life nothing goes wrong that no single test tries. After every step there is
no stuck fob, no nonce twice, no wrong light, no file and no heap that grows.

Presses are made in lives of some hundred, each drawn from its own seed (`life`) out of what hands,
cars, the air, power and laptops do to a fob (`hand_and_car`, `power_and_laptop`), and watched by a
bystander (`witness`). A share of the lives goes through Bumble, and in others the fob never sleeps.
"""
