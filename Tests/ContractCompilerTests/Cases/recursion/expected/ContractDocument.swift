// Generated from openapi.yaml. Edit that file, not this one.

/// The contract as one self-contained document.
public enum ContractDocument {
    /// The title of the contract.
    public static let title = "Recursion"
    /// The version of the contract.
    public static let version = "1"
    // Computed, because a getter is not part of the interface: an edit of the contract does not recompile what uses the text.
    /// The document as JSON.
    public static var json: String {
        #"""
{
  "openapi": "3.1.0",
  "info": {
    "title": "Recursion",
    "version": "1"
  },
  "paths": {},
  "components": {
    "schemas": {
      "Tree": {
        "type": "object",
        "required": [
          "name"
        ],
        "properties": {
          "name": {
            "type": "string",
            "minLength": 1
          },
          "kids": {
            "type": "array",
            "items": {
              "anyOf": [
                {
                  "$ref": "#/components/schemas/Tree"
                }
              ]
            }
          }
        }
      },
      "Node": {
        "type": "object",
        "properties": {
          "next": {
            "type": "object",
            "allOf": [
              {
                "$ref": "#/components/schemas/Node"
              }
            ],
            "properties": {
              "label": {
                "type": "string"
              }
            }
          }
        }
      },
      "Nest": {
        "type": "object",
        "properties": {
          "lists": {
            "type": "array",
            "items": {
              "type": "array",
              "allOf": [
                {
                  "$ref": "#/components/schemas/Lists"
                }
              ]
            }
          }
        }
      },
      "Lists": {
        "type": "array",
        "items": {
          "type": "array",
          "allOf": [
            {
              "$ref": "#/components/schemas/Lists"
            }
          ],
          "minItems": 1
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
  title: Recursion
  version: "1"
paths: {}
components:
  schemas:
    Tree:
      type: object
      required:
        - name
      properties:
        name:
          type: string
          minLength: 1
        kids:
          type: array
          items:
            anyOf:
              - $ref: "#/components/schemas/Tree"
    Node:
      type: object
      properties:
        next:
          type: object
          allOf:
            - $ref: "#/components/schemas/Node"
          properties:
            label:
              type: string
    Nest:
      type: object
      properties:
        lists:
          type: array
          items:
            type: array
            allOf:
              - $ref: "#/components/schemas/Lists"
    Lists:
      type: array
      items:
        type: array
        allOf:
          - $ref: "#/components/schemas/Lists"
        minItems: 1
"""#
    }
}
