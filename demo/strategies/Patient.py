"""Like Swing, for larger changes."""

from datetime import timedelta

from Swing import Swing


class Patient(Swing):
    target = 0.006
    patience = timedelta(seconds=600)

    def version(self):
        return "2.0"
