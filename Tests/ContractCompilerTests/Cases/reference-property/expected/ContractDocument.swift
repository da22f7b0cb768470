// Generated from openapi.yaml. Edit that file, not this one.

/// The contract as one self-contained document.
public enum ContractDocument {
    /// The title of the contract.
    public static let title = "Groups"
    /// The version of the contract.
    public static let version = "1.0.0"
    // Computed, because a getter is not part of the interface: an edit of the contract does not recompile what uses the text.
    /// The document as JSON.
    public static var json: String {
        #"""
{
  "openapi": "3.1.0",
  "info": {
    "title": "Groups",
    "version": "1.0.0"
  },
  "paths": {},
  "components": {
    "schemas": {
      "Group": {
        "type": "object",
        "required": [
          "$ref"
        ],
        "properties": {
          "$ref": {
            "type": "string",
            "maxLength": 10
          },
          "members": {
            "type": "array",
            "items": {
              "type": "object",
              "properties": {
                "$ref": {
                  "$ref": "#/components/schemas/Link"
                }
              }
            }
          }
        }
      },
      "Link": {
        "type": "string",
        "format": "uri"
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
  title: Groups
  version: "1.0.0"
paths: {}
components:
  schemas:
    Group:
      type: object
      required:
        - $ref
      properties:
        $ref:
          type: string
          maxLength: 10
        members:
          type: array
          items:
            type: object
            properties:
              $ref:
                $ref: "#/components/schemas/Link"
    Link:
      type: string
      format: uri
"""#
    }
}
