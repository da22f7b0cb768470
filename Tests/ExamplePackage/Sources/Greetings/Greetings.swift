// The rest of this module is generated from openapi.yaml.
