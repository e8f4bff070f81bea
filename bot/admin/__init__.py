"""The commands of admins and customers, defined once: plain functions that know no platform."""
