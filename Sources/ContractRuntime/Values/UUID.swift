#if canImport(FoundationEssentials)
    public import struct FoundationEssentials.UUID

    /// Foundation's UUID; generated code gets the name from here.
    public typealias UUID = FoundationEssentials.UUID
#else
    public import struct Foundation.UUID

    /// Foundation's UUID; generated code gets the name from here.
    public typealias UUID = Foundation.UUID
#endif
