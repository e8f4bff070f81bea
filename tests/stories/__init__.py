"""What happens across the rooms, told once and tried everywhere."""
