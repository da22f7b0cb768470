// Generated from openapi.yaml. Edit that file, not this one.

import ContractRuntime


