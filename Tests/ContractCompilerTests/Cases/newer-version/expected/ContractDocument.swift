// Generated from openapi.yaml. Edit that file, not this one.

/// The contract, in one piece.
public enum ContractDocument {
    /// The service's name.
    public static let title = "Newer"
    /// The contract's version.
    public static let version = "1"
    /// As JSON.
    public static let json = #"""
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
    /// As YAML.
    public static let yaml = #"""
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
