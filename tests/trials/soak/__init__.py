"""The claim: in a long life nothing goes wrong that no single test tries. After every step there is
no stuck fob, no nonce or counter twice, no wrong light, no way back to the older protocol, no
message for another time than the car's, no file and no heap that grows; and a press costs no more
messages than it has to.

Presses are made in lives of some hundred, each drawn from its own seed (`life`) out of what hands,
cars, the air, power and laptops do to a fob (`hand_and_car`, `power_and_laptop`), and watched by a
bystander (`witness`). A share of the lives goes through Bumble, and in others the fob never sleeps.
"""
