"""The claim: whatever goes wrong on the air, the fob sleeps again, its light tells the truth, no
nonce is used twice, a toggle is carried out once at most, and the next press works.

Every fault is tried one at a time, at every step of pairing and of a press: with a car of before
the signed-command protocol (`link`, `messages`, `hostile`), and with cars that speak it, where a
seeded sample stands for what would be too much (`vintages`, `signed_messages`, `signed_hostile`).
Then the fob is used again, and `verdict` says what is right. Where the protocol cannot
tell a forged word from the car's, or where the owner has to confirm or to pair again, the case says
so. Each runs with the car directly behind the radio edge, a seeded sample through Bumble too.
"""
