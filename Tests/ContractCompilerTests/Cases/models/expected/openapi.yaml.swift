// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — openapi.yaml#/components/schemas/Colour
public enum Colour: String, ContractEnumeration {
    case red = "RED"
    case darkBlue = "dark-blue"
    case `in`
}

/// — openapi.yaml#/components/schemas/Scalar
public typealias Scalar = Int
