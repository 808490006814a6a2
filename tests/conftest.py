"""What all tests share: how Hypothesis searches."""

import os

from hypothesis import HealthCheck, settings

# A machine that is busy with something else is no defect of the code: no deadlines. On a build server the same examples
# are tried every time, so that a change is judged by what it changed.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("build", settings.get_profile("here"), derandomize=True)
settings.load_profile("build" if os.environ.get("CI") else "here")
