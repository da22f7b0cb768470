// Generated from openapi.yaml. Edit that file, not this one.

/// The contract as one self-contained document.
public enum ContractDocument {
    /// The title of the contract.
    public static let title = "Newer"
    /// The version of the contract.
    public static let version = "1"
    // Computed, because a getter is not part of the interface: an edit of the contract does not recompile what uses the text.
    /// The document as JSON.
    public static var json: String {
        #"""
{
  "openapi": "3.2.0",
  "$self": "https://example.com/openapi.yaml",
  "info": {
    "title": "Newer",
    "version": "1"
  },
  "tags": [
    {
      "name": "Things",
      "kind": "nav",
      "novelty": 1
    }
  ],
  "paths": {
    "/things": {
      "query": {
        "operationId": "searchThings",
        "tags": [
          "Things"
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "text": {
                    "type": "string"
                  }
                }
              }
            }
          }
        },
        "responses": {
          "200": {
            "summary": "They come.",
            "content": {
              "application/jsonl": {
                "itemSchema": {
                  "type": "integer",
                  "minimum": 0
                }
              }
            }
          }
        }
      },
      "additionalOperations": {
        "COPY": {
          "operationId": "copyThings",
          "parameters": [
            {
              "name": "all",
              "in": "querystring",
              "content": {
                "application/json": {
                  "schema": {
                    "type": "object"
                  }
                }
              }
            }
          ],
          "responses": {
            "204": {
              "description": "Done."
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
openapi: "3.2.0"
$self: "https://example.com/openapi.yaml"
info:
  title: Newer
  version: "1"
tags:
  - name: Things
    kind: nav
    novelty: 1
paths:
  /things:
    query:
      operationId: searchThings
      tags:
        - Things
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              properties:
                text:
                  type: string
      responses:
        "200":
          summary: "They come."
          content:
            application/jsonl:
              itemSchema:
                type: integer
                minimum: 0
    additionalOperations:
      COPY:
        operationId: copyThings
        parameters:
          - name: all
            in: querystring
            content:
              application/json:
                schema:
                  type: object
        responses:
          "204":
            description: Done.
"""#
    }
}
