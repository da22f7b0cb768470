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
  "paths": {
    "/things/{thing_id}": {
      "parameters": [
        {
          "name": "thing_id",
          "in": "path",
          "required": true,
          "schema": {
            "type": "string",
            "format": "uuid"
          }
        }
      ],
      "get": {
        "operationId": "getThing",
        "tags": [
          "Things"
        ],
        "summary": "Shows a thing.",
        "parameters": [
          {
            "name": "deep",
            "in": "query",
            "schema": {
              "type": "boolean",
              "default": false
            }
          },
          {
            "name": "X-Trace",
            "in": "header",
            "required": true,
            "schema": {
              "type": "string",
              "maxLength": 10,
              "pattern": "^[a-f]*$"
            }
          }
        ],
        "security": [
          {
            "key": []
          }
        ],
        "responses": {
          "200": {
            "description": "The thing.",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Thing"
                }
              }
            }
          },
          "404": {
            "description": "None.",
            "content": {
              "application/problem+json": {
                "schema": {
                  "type": "object"
                }
              }
            }
          }
        }
      },
      "put": {
        "operationId": "replaceThing",
        "tags": [
          "Things"
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/Thing"
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "The thing was replaced.",
            "headers": {
              "X-Version": {
                "required": true,
                "schema": {
                  "type": "integer"
                }
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Thing"
                }
              }
            }
          },
          "201": {
            "description": "The thing was created.",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Thing"
                }
              }
            }
          },
          "3XX": {
            "description": "The thing is elsewhere.",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Thing"
                }
              }
            }
          }
        }
      },
      "patch": {
        "operationId": "changeThing",
        "tags": [
          "Things"
        ],
        "responses": {
          "200": {
            "description": "The thing was changed.",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Thing"
                }
              }
            }
          },
          "204": {
            "description": "Nothing has changed."
          }
        }
      },
      "delete": {
        "operationId": "deleteThing",
        "tags": [
          "Things"
        ],
        "responses": {
          "204": {
            "description": "Deleted."
          }
        }
      }
    },
    "/things/all": {
      "get": {
        "operationId": "listThings",
        "tags": [
          "Things"
        ],
        "responses": {
          "200": {
            "description": "All.",
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
      },
      "post": {
        "operationId": "createThing",
        "tags": [
          "Things"
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/Thing"
              }
            }
          }
        },
        "responses": {
          "201": {
            "description": "Created.",
            "content": {
              "text/plain": {
                "schema": {
                  "type": "string"
                }
              }
            }
          }
        }
      }
    }
  },
  "components": {
    "securitySchemes": {
      "key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Key"
      }
    },
    "schemas": {
      "Thing": {
        "type": "object",
        "properties": {
          "name": {
            "type": "string"
          }
        },
        "required": [
          "name"
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
  title: Case
  version: "1.0.0"
tags:
  - name: Things
paths:
  "/things/{thing_id}":
    parameters:
      - name: thing_id
        in: path
        required: true
        schema:
          type: string
          format: uuid
    get:
      operationId: getThing
      tags:
        - Things
      summary: "Shows a thing."
      parameters:
        - name: deep
          in: query
          schema:
            type: boolean
            default: false
        - name: X-Trace
          in: header
          required: true
          schema:
            type: string
            maxLength: 10
            pattern: "^[a-f]*$"
      security:
        - key: []
      responses:
        "200":
          description: "The thing."
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/Thing"
        "404":
          description: None.
          content:
            "application/problem+json":
              schema:
                type: object
    put:
      operationId: replaceThing
      tags:
        - Things
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Thing"
      responses:
        "200":
          description: "The thing was replaced."
          headers:
            X-Version:
              required: true
              schema:
                type: integer
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/Thing"
        "201":
          description: "The thing was created."
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/Thing"
        "3XX":
          description: "The thing is elsewhere."
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/Thing"
    patch:
      operationId: changeThing
      tags:
        - Things
      responses:
        "200":
          description: "The thing was changed."
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/Thing"
        "204":
          description: "Nothing has changed."
    delete:
      operationId: deleteThing
      tags:
        - Things
      responses:
        "204":
          description: Deleted.
  /things/all:
    get:
      operationId: listThings
      tags:
        - Things
      responses:
        "200":
          description: All.
          content:
            application/json:
              schema:
                type: array
                items:
                  $ref: "#/components/schemas/Thing"
    post:
      operationId: createThing
      tags:
        - Things
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Thing"
      responses:
        "201":
          description: Created.
          content:
            text/plain:
              schema:
                type: string
components:
  securitySchemes:
    key:
      type: apiKey
      in: header
      name: X-Key
  schemas:
    Thing:
      type: object
      properties:
        name:
          type: string
      required:
        - name
"""#
    }
}
