"""One function for each thing that a user can do: load, decide, save. Pages and the command line call nothing else."""
