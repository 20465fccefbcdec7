"""What happens to machines, done to training: processes killed, disks full, power gone, bytes flipped."""
