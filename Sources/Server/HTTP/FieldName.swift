extension String {
    /// Whether this is the given field name, which must be in lower case (RFC 9110, section 5.1).
    func isFieldName(_ name: StaticString) -> Bool {
        // This bit turns upper case letters into lower case ones and is already set in a hyphen.
        let bytes = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return utf8.elementsEqual(bytes) { $0 | 0x20 == $1 }
    }
}
