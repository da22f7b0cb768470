// Generated from openapi.yaml. Edit that file, not this one.

/// The contract as one self-contained document.
public enum ContractDocument {
    /// The title of the contract.
    public static let title = "Case"
    /// The version of the contract.
    public static let version = "1.10"
    /// The document as JSON.
    public static let json = #"""
{
  "openapi": "3.1.0",
  "info": {
    "title": "Case",
    "version": 1.10
  },
  "paths": {}
}
"""#
    /// The document as YAML.
    public static let yaml = #"""
openapi: "3.1.0"
info:
  title: Case
  version: 1.10
paths: {}
"""#
}
