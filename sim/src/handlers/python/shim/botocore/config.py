"""Client settings: accepted and kept, without effect, since nothing leaves the simulated world."""


class Config:
    def __init__(self, *args, **settings):
        self.__dict__.update(settings)
        self._settings = settings

    def merge(self, other):
        return Config(**{**self._settings, **other._settings})
