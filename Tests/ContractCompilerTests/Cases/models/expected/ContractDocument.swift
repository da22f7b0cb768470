// Generated from openapi.yaml. Edit that file, not this one.

/// The contract as one self-contained document.
public enum ContractDocument {
    /// The title of the contract.
    public static let title = "Case"
    /// The version of the contract.
    public static let version = "1.0.0"
    // Computed, because a getter is not part of the interface: an edit of the contract does not recompile what uses the text.
    /// The document as JSON.
    public static var json: String {
        #"""
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
    }
    /// The document as YAML.
    public static var yaml: String {
        #"""
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
}
