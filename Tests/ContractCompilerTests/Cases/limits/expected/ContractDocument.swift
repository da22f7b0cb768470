// Generated from openapi.yaml. Edit that file, not this one.

/// The contract as one self-contained document.
public enum ContractDocument {
    /// The title of the contract.
    public static let title = "Limits that the types and the reader enforce"
    /// The version of the contract.
    public static let version = "1.0.0"
    // Computed, because a getter is not part of the interface: an edit of the contract does not recompile what uses the text.
    /// The document as JSON.
    public static var json: String {
        #"""
{
  "openapi": "3.1.0",
  "info": {
    "title": "Limits that the types and the reader enforce",
    "version": "1.0.0"
  },
  "tags": [
    {
      "name": "Things"
    }
  ],
  "paths": {
    "/events": {
      "get": {
        "operationId": "watch",
        "tags": [
          "Things"
        ],
        "responses": {
          "200": {
            "description": "Events, described as the objects of their fields.",
            "content": {
              "text/event-stream": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "event": {
                      "type": "string"
                    },
                    "data": {
                      "type": "string",
                      "contentMediaType": "application/json",
                      "contentSchema": {
                        "$ref": "#/components/schemas/Amount"
                      }
                    }
                  },
                  "required": [
                    "data"
                  ]
                }
              }
            }
          }
        }
      }
    }
  },
  "components": {
    "schemas": {
      "Any": {
        "type": [
          "null",
          "boolean",
          "number",
          "string",
          "array",
          "object"
        ],
        "pattern": "^[^\\u0000]*$",
        "items": {
          "$ref": "#/components/schemas/Any"
        },
        "propertyNames": {
          "pattern": "^[^\\u0000]*$"
        },
        "additionalProperties": {
          "$ref": "#/components/schemas/Any"
        }
      },
      "Amount": {
        "type": "object",
        "properties": {
          "value": {
            "description": "No Decimal exceeds the bounds; only the pattern remains to be checked.",
            "type": [
              "number",
              "string"
            ],
            "format": "decimal",
            "multipleOf": 1.0e-18,
            "exclusiveMinimum": -1.0e+38,
            "exclusiveMaximum": 1.0e+38,
            "pattern": "^-?[0-9]+$"
          },
          "rate": {
            "type": "number",
            "format": "decimal",
            "multipleOf": 0.25,
            "exclusiveMinimum": 0
          },
          "note": {
            "type": "string",
            "maxLength": 9,
            "pattern": "^[^\\u0000]*$"
          },
          "more": {
            "type": "object",
            "propertyNames": {
              "pattern": "^[^\\u0000]*$"
            },
            "additionalProperties": {
              "$ref": "#/components/schemas/Any"
            },
            "default": {}
          },
          "names": {
            "type": "object",
            "propertyNames": {
              "pattern": "^[a-z]$"
            }
          }
        }
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
  title: "Limits that the types and the reader enforce"
  version: "1.0.0"
tags:
  - name: Things
paths:
  /events:
    get:
      operationId: watch
      tags:
        - Things
      responses:
        "200":
          description: "Events, described as the objects of their fields."
          content:
            text/event-stream:
              schema:
                type: object
                properties:
                  event:
                    type: string
                  data:
                    type: string
                    contentMediaType: application/json
                    contentSchema:
                      $ref: "#/components/schemas/Amount"
                required:
                  - data
components:
  schemas:
    Any:
      type:
        - "null"
        - boolean
        - number
        - string
        - array
        - object
      pattern: "^[^\\u0000]*$"
      items:
        $ref: "#/components/schemas/Any"
      propertyNames:
        pattern: "^[^\\u0000]*$"
      additionalProperties:
        $ref: "#/components/schemas/Any"
    Amount:
      type: object
      properties:
        value:
          description: "No Decimal exceeds the bounds; only the pattern remains to be checked."
          type:
            - number
            - string
          format: decimal
          multipleOf: 1.0e-18
          exclusiveMinimum: -1.0e+38
          exclusiveMaximum: 1.0e+38
          pattern: "^-?[0-9]+$"
        rate:
          type: number
          format: decimal
          multipleOf: 0.25
          exclusiveMinimum: 0
        note:
          type: string
          maxLength: 9
          pattern: "^[^\\u0000]*$"
        more:
          type: object
          propertyNames:
            pattern: "^[^\\u0000]*$"
          additionalProperties:
            $ref: "#/components/schemas/Any"
          default: {}
        names:
          type: object
          propertyNames:
            pattern: "^[a-z]$"
"""#
    }
}
