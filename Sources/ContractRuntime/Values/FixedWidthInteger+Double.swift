// Swift traps if a Double does not fit the integer type that it is converted to. In every file of this package that imports
// ContractRuntime, the compiler prefers these initializers to those of the standard library, and the package treats their use as an error.

extension Int {
    @available(*, deprecated, message: "a Double that does not fit traps: use init(saturating:)")
    package init(_ value: Double) { self.init(saturating: value) }
}

extension Int8 {
    @available(*, deprecated, message: "a Double that does not fit traps: use init(saturating:)")
    package init(_ value: Double) { self.init(saturating: value) }
}

extension Int16 {
    @available(*, deprecated, message: "a Double that does not fit traps: use init(saturating:)")
    package init(_ value: Double) { self.init(saturating: value) }
}

extension Int32 {
    @available(*, deprecated, message: "a Double that does not fit traps: use init(saturating:)")
    package init(_ value: Double) { self.init(saturating: value) }
}

extension Int64 {
    @available(*, deprecated, message: "a Double that does not fit traps: use init(saturating:)")
    package init(_ value: Double) { self.init(saturating: value) }
}

extension UInt {
    @available(*, deprecated, message: "a Double that does not fit traps: use init(saturating:)")
    package init(_ value: Double) { self.init(saturating: value) }
}

extension UInt8 {
    @available(*, deprecated, message: "a Double that does not fit traps: use init(saturating:)")
    package init(_ value: Double) { self.init(saturating: value) }
}

extension UInt16 {
    @available(*, deprecated, message: "a Double that does not fit traps: use init(saturating:)")
    package init(_ value: Double) { self.init(saturating: value) }
}

extension UInt32 {
    @available(*, deprecated, message: "a Double that does not fit traps: use init(saturating:)")
    package init(_ value: Double) { self.init(saturating: value) }
}

extension UInt64 {
    @available(*, deprecated, message: "a Double that does not fit traps: use init(saturating:)")
    package init(_ value: Double) { self.init(saturating: value) }
}
