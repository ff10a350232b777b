"""What a figure should be: goals with a direction, a floor, and the dates on which they hold."""
