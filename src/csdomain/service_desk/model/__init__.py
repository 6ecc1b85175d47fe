"""The job, the check of the register, the free trial and their commands. Every command checks first, then changes."""
