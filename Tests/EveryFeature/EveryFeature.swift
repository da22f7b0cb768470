// The rest of this module is generated from openapi.yaml, by the plugin that every package can use.
