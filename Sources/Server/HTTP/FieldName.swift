extension String {
    /// Whether it is this field name, which is given in lower case (RFC 9110, section 5.1).
    func isFieldName(_ name: StaticString) -> Bool {
        // A letter in lower case has this bit, and a hyphen has it, too.
        let bytes = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return utf8.elementsEqual(bytes) { $0 | 0x20 == $1 }
    }
}
