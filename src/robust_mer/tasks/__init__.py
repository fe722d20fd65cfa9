"""What is predicted: classes, numbers, or several labels."""
