import ContractRuntime

extension FuzzTarget {
    /// Paths split into segments.
    static let path = FuzzTarget(name: "path") { bytes in
        bytes.withUnsafeBytes { bytes in
            let segments = PathSegments(bytes)
            let slashes = bytes.count { $0 == UInt8(ascii: "/") }
            expect(
                segments.count == 0 || segments.count == slashes,
                "\(segments.count) segments between \(slashes) slashes"
            )
            for index in 0...segments.count {
                expect(!segments[index].string.utf8.contains(UInt8(ascii: "/")), "a segment with a slash")
                _ = segments.matches(["", "-", ""], at: index)
                _ = segments.hasValue(at: index)
            }
            guard segments.count > 0 else { return }
            _ = segments.values(of: [.segment(0), .segment(segments.count - 1)])
        }
    }
}
