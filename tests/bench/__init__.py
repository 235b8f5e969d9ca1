"""What the fob costs: measurements beside the alternatives, and a page that shows them."""
