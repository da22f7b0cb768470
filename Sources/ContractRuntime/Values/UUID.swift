#if canImport(FoundationEssentials)
public import struct FoundationEssentials.UUID

/// Foundation's UUID. Re-exported for generated code.
public typealias UUID = FoundationEssentials.UUID
#else
public import struct Foundation.UUID

/// Foundation's UUID. Re-exported for generated code.
public typealias UUID = Foundation.UUID
#endif
