"""A bench without hardware: a virtual board, a virtual radio and a simulated car."""
