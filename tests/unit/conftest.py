"""Property tests are judged by their properties: a busy machine must not fail them by time."""

from hypothesis import settings

settings.register_profile("docmill", deadline=None)
settings.load_profile("docmill")
