// Generated from openapi.yaml. Edit that file, not this one.

/// The contract as one self-contained document.
public enum ContractDocument {
    /// The title of the contract.
    public static let title = "Old"
    /// The version of the contract.
    public static let version = "1"
    // Computed, because a getter is not part of the interface: an edit of the contract does not recompile what uses the text.
    /// The document as JSON.
    public static var json: String {
        #"""
{
  "openapi": "3.0.3",
  "info": {
    "title": "Old",
    "version": "1"
  },
  "paths": {
    "/things": {
      "get": {
        "parameters": [
          {
            "name": "ids",
            "in": "query",
            "explode": false,
            "schema": {
              "type": "array",
              "items": {
                "type": "integer",
                "format": "int32"
              }
            }
          }
        ],
        "responses": {
          "200": {
            "description": "Things.",
            "content": {
              "application/json": {
                "schema": {
                  "type": "array",
                  "items": {
                    "$ref": "#/components/schemas/Thing"
                  }
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
      "Thing": {
        "type": "object",
        "properties": {
          "size": {
            "type": "number",
            "minimum": 0,
            "exclusiveMinimum": true
          },
          "name": {
            "type": "string",
            "nullable": true
          },
          "kind": {
            "type": "string",
            "enum": [
              "a",
              "b"
            ],
            "nullable": true
          },
          "owner": {
            "nullable": true,
            "allOf": [
              {
                "$ref": "#/components/schemas/Owner"
              }
            ]
          }
        },
        "required": [
          "size",
          "name"
        ]
      },
      "Owner": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string",
            "format": "uuid"
          }
        },
        "required": [
          "id"
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
openapi: "3.0.3"
info:
  title: Old
  version: "1"
paths:
  /things:
    get:
      parameters:
        - name: ids
          in: query
          explode: false
          schema:
            type: array
            items:
              type: integer
              format: int32
      responses:
        "200":
          description: Things.
          content:
            application/json:
              schema:
                type: array
                items:
                  $ref: "#/components/schemas/Thing"
components:
  schemas:
    Thing:
      type: object
      properties:
        size:
          type: number
          minimum: 0
          exclusiveMinimum: true
        name:
          type: string
          nullable: true
        kind:
          type: string
          enum:
            - a
            - b
          nullable: true
        owner:
          nullable: true
          allOf:
            - $ref: "#/components/schemas/Owner"
      required:
        - size
        - name
    Owner:
      type: object
      properties:
        id:
          type: string
          format: uuid
      required:
        - id
"""#
    }
}
