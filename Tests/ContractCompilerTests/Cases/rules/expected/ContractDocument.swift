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
      "Payment": {
        "type": "object",
        "properties": {
          "method": {
            "type": "string",
            "enum": [
              "card",
              "transfer"
            ]
          },
          "card": {
            "type": "string",
            "pattern": "^[0-9]{16}$"
          },
          "iban": {
            "type": "string"
          },
          "amounts": {
            "type": "array",
            "items": {
              "type": "number",
              "exclusiveMinimum": 0
            },
            "uniqueItems": true,
            "minItems": 1
          },
          "tags": {
            "type": "object",
            "propertyNames": {
              "pattern": "^[a-z]+$"
            },
            "additionalProperties": {
              "type": "string"
            }
          }
        },
        "required": [
          "method"
        ],
        "if": {
          "properties": {
            "method": {
              "const": "card"
            }
          }
        },
        "then": {
          "required": [
            "card"
          ]
        },
        "else": {
          "required": [
            "iban"
          ]
        },
        "not": {
          "required": [
            "card",
            "iban"
          ]
        },
        "dependentRequired": {
          "iban": [
            "amounts"
          ]
        },
        "minProperties": 2,
        "unevaluatedProperties": false
      },
      "Tree": {
        "type": "object",
        "properties": {
          "value": {
            "type": "integer"
          },
          "left": {
            "$ref": "#/components/schemas/Tree"
          },
          "right": {
            "$ref": "#/components/schemas/Tree"
          }
        },
        "required": [
          "value"
        ]
      },
      "Nested": {
        "type": "array",
        "items": {
          "$ref": "#/components/schemas/Nested"
        }
      },
      "Pair": {
        "type": "array",
        "prefixItems": [
          {
            "type": "string"
          },
          {
            "type": "integer",
            "minimum": 0
          }
        ],
        "items": {
          "type": "boolean"
        },
        "minItems": 1
      },
      "Headers": {
        "type": "object",
        "patternProperties": {
          "^x-": {
            "type": "string"
          }
        },
        "additionalProperties": false
      },
      "Extra": {
        "type": "object",
        "properties": {
          "a": {
            "type": "string"
          }
        },
        "additionalProperties": {
          "type": "integer",
          "minimum": 0
        }
      },
      "Text": {
        "type": "string",
        "format": "email",
        "allOf": [
          {
            "pattern": "a"
          },
          {
            "pattern": "b"
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
    Payment:
      type: object
      properties:
        method:
          type: string
          enum:
            - card
            - transfer
        card:
          type: string
          pattern: "^[0-9]{16}$"
        iban:
          type: string
        amounts:
          type: array
          items:
            type: number
            exclusiveMinimum: 0
          uniqueItems: true
          minItems: 1
        tags:
          type: object
          propertyNames:
            pattern: "^[a-z]+$"
          additionalProperties:
            type: string
      required:
        - method
      if:
        properties:
          method:
            const: card
      then:
        required:
          - card
      else:
        required:
          - iban
      not:
        required:
          - card
          - iban
      dependentRequired:
        iban:
          - amounts
      minProperties: 2
      unevaluatedProperties: false
    Tree:
      type: object
      properties:
        value:
          type: integer
        left:
          $ref: "#/components/schemas/Tree"
        right:
          $ref: "#/components/schemas/Tree"
      required:
        - value
    Nested:
      type: array
      items:
        $ref: "#/components/schemas/Nested"
    Pair:
      type: array
      prefixItems:
        - type: string
        - type: integer
          minimum: 0
      items:
        type: boolean
      minItems: 1
    Headers:
      type: object
      patternProperties:
        "^x-":
          type: string
      additionalProperties: false
    Extra:
      type: object
      properties:
        a:
          type: string
      additionalProperties:
        type: integer
        minimum: 0
    Text:
      type: string
      format: email
      allOf:
        - pattern: a
        - pattern: b
"""#
    }
}
