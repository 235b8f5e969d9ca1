"""The board at the other end of a USB cable: found, talked to, asked."""
