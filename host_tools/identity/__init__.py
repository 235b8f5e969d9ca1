"""What makes a fob somebody's: key, VIN, counter, and the plan that changes them."""
