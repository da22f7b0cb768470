// Generated from openapi.yaml. Edit that file, not this one.

/// The contract, in one piece.
public enum ContractDocument {
    /// The service's name.
    public static let title = "Case"
    /// The contract's version.
    public static let version = "1.0.0"
    /// As JSON.
    public static let json = #"""
{
  "openapi": "3.1.0",
  "info": {
    "title": "Case",
    "version": "1.0.0"
  },
  "tags": [
    {
      "name": "Things"
    }
  ],
  "paths": {},
  "components": {
    "schemas": {
      "Colour": {
        "type": "string",
        "enum": [
          "RED",
          "dark-blue",
          "in"
        ]
      },
      "Scalar": {
        "type": "integer",
        "format": "int32",
        "minimum": 0
      }
    }
  }
}
"""#
    /// As YAML.
    public static let yaml = #"""
openapi: "3.1.0"
info:
  title: Case
  version: "1.0.0"
tags:
  - name: Things
paths: {}
components:
  schemas:
    Colour:
      type: string
      enum:
        - RED
        - dark-blue
        - in
    Scalar:
      type: integer
      format: int32
      minimum: 0
"""#
}
