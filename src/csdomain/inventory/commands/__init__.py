"""The commands of the warehouse, by what they are done to. Each checks everything first and changes after."""
