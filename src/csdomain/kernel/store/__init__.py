"""What is kept, and by which unit of work: kinds, ports, the unit, sweeping."""
