"""The commands of a complaint, by stage: functions that check everything first and change after."""
