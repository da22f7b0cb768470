// Generated from openapi.yaml. Edit that file, not this one.

/// The contract as one self-contained document.
public enum ContractDocument {
    /// The title of the contract.
    public static let title = "T"
    /// The version of the contract.
    public static let version = "1"
    // Computed, because a getter is not part of the interface: an edit of the contract does not recompile what uses the text.
    /// The document as JSON.
    public static var json: String {
        #"""
{
  "openapi": "3.1.0",
  "info": {
    "title": "T",
    "version": "1"
  },
  "paths": {},
  "components": {
    "schemas": {
      "Base": {
        "type": "object",
        "description": "The common properties.",
        "properties": {
          "id": {
            "type": "string",
            "minLength": 1
          },
          "note": {
            "type": "string"
          }
        },
        "required": [
          "id"
        ]
      },
      "Derived": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Base"
          },
          {
            "type": "object",
            "properties": {
              "note": {
                "maxLength": 5
              },
              "size": {
                "type": "integer",
                "minimum": 1
              }
            },
            "required": [
              "size"
            ]
          }
        ],
        "properties": {
          "size": {
            "maximum": 9
          }
        },
        "required": [
          "note"
        ]
      },
      "Renamed": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Base"
          }
        ]
      },
      "Closed": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Base"
          }
        ],
        "properties": {
          "id": true,
          "note": true,
          "extra": {
            "type": "boolean",
            "default": true
          }
        },
        "additionalProperties": false
      },
      "Bounds": {
        "type": "integer",
        "minimum": 1,
        "allOf": [
          {
            "minimum": 3
          },
          {
            "maximum": 9
          },
          {
            "multipleOf": 2
          }
        ]
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
  title: T
  version: "1"
paths: {}
components:
  schemas:
    Base:
      type: object
      description: "The common properties."
      properties:
        id:
          type: string
          minLength: 1
        note:
          type: string
      required:
        - id
    Derived:
      allOf:
        - $ref: "#/components/schemas/Base"
        - type: object
          properties:
            note:
              maxLength: 5
            size:
              type: integer
              minimum: 1
          required:
            - size
      properties:
        size:
          maximum: 9
      required:
        - note
    Renamed:
      allOf:
        - $ref: "#/components/schemas/Base"
    Closed:
      allOf:
        - $ref: "#/components/schemas/Base"
      properties:
        id: true
        note: true
        extra:
          type: boolean
          default: true
      additionalProperties: false
    Bounds:
      type: integer
      minimum: 1
      allOf:
        - minimum: 3
        - maximum: 9
        - multipleOf: 2
"""#
    }
}
