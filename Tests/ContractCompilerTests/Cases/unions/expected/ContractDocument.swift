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
      "Shape": {
        "description": "Distinguished by the discriminator.",
        "oneOf": [
          {
            "$ref": "#/components/schemas/Circle"
          },
          {
            "$ref": "#/components/schemas/Square"
          }
        ],
        "discriminator": {
          "propertyName": "kind",
          "mapping": {
            "round": "Circle"
          }
        }
      },
      "Circle": {
        "type": "object",
        "properties": {
          "kind": {
            "type": "string"
          },
          "radius": {
            "type": "number"
          }
        },
        "required": [
          "kind",
          "radius"
        ]
      },
      "Square": {
        "type": "object",
        "properties": {
          "kind": {
            "const": "square"
          },
          "side": {
            "type": "number"
          }
        },
        "required": [
          "kind",
          "side"
        ]
      },
      "ByType": {
        "anyOf": [
          {
            "type": "string",
            "maxLength": 3
          },
          {
            "type": "integer",
            "minimum": 1
          },
          {
            "type": "array",
            "items": {
              "type": "boolean"
            }
          }
        ]
      },
      "ByConstant": {
        "oneOf": [
          {
            "type": "object",
            "title": "On",
            "properties": {
              "state": {
                "const": "on-air"
              },
              "since": {
                "type": "string",
                "format": "date-time"
              }
            },
            "required": [
              "state",
              "since"
            ]
          },
          {
            "type": "object",
            "title": "Off",
            "properties": {
              "state": {
                "enum": [
                  "off",
                  "broken"
                ]
              }
            },
            "required": [
              "state"
            ]
          }
        ]
      },
      "ByValidation": {
        "oneOf": [
          {
            "type": "object",
            "properties": {
              "a": {
                "type": "string"
              }
            },
            "required": [
              "a"
            ]
          },
          {
            "type": "object",
            "properties": {
              "b": {
                "type": "string"
              }
            },
            "required": [
              "b"
            ]
          }
        ]
      },
      "Nullable": {
        "anyOf": [
          {
            "$ref": "#/components/schemas/Circle"
          },
          {
            "type": "null"
          }
        ]
      },
      "Types": {
        "type": [
          "string",
          "integer",
          "null"
        ],
        "maxLength": 5
      },
      "Open": {
        "type": "string",
        "x-extensible-enum": [
          "known",
          "famous"
        ]
      },
      "Numbers": {
        "type": "integer",
        "enum": [
          1,
          2,
          -3
        ]
      },
      "Untyped": {
        "properties": {
          "a": {
            "type": "string"
          }
        },
        "required": [
          "a"
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
    Shape:
      description: "Distinguished by the discriminator."
      oneOf:
        - $ref: "#/components/schemas/Circle"
        - $ref: "#/components/schemas/Square"
      discriminator:
        propertyName: kind
        mapping:
          round: Circle
    Circle:
      type: object
      properties:
        kind:
          type: string
        radius:
          type: number
      required:
        - kind
        - radius
    Square:
      type: object
      properties:
        kind:
          const: square
        side:
          type: number
      required:
        - kind
        - side
    ByType:
      anyOf:
        - type: string
          maxLength: 3
        - type: integer
          minimum: 1
        - type: array
          items:
            type: boolean
    ByConstant:
      oneOf:
        - type: object
          title: "On"
          properties:
            state:
              const: on-air
            since:
              type: string
              format: date-time
          required:
            - state
            - since
        - type: object
          title: "Off"
          properties:
            state:
              enum:
                - "off"
                - broken
          required:
            - state
    ByValidation:
      oneOf:
        - type: object
          properties:
            a:
              type: string
          required:
            - a
        - type: object
          properties:
            b:
              type: string
          required:
            - b
    Nullable:
      anyOf:
        - $ref: "#/components/schemas/Circle"
        - type: "null"
    Types:
      type:
        - string
        - integer
        - "null"
      maxLength: 5
    Open:
      type: string
      x-extensible-enum:
        - known
        - famous
    Numbers:
      type: integer
      enum:
        - 1
        - 2
        - -3
    Untyped:
      properties:
        a:
          type: string
      required:
        - a
"""#
    }
}
