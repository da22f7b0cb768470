#if canImport(Glibc)
import Glibc
#endif

/// A fuzz target: one kind of external input, the code that reads it, and the expected properties.
struct FuzzTarget: Sendable {
    let name: String
    /// Reads one input, and calls `expect` for each expected property.
    let run: @Sendable ([UInt8]) -> Void

    static let all: [FuzzTarget] = [
        json, document, query, pattern, form, multipart, parameter, header, value, path, csv,
    ]
}

/// Ends the process, so that libFuzzer keeps the input.
func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
    guard !condition else { return }
    print("EXPECTATION FAILED: \(message())")
    fflush(nil)
    abort()
}

// One program contains all targets, because compiling takes longer than linking. Fuzz/run selects the target.
private let target: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        print("FUZZ_TARGET must be one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
        exit(2)
    }
    return target
}()

/// The entry point that libFuzzer calls for each input (https://llvm.org/docs/LibFuzzer.html).
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

extension [UInt8] {
    /// The parts of an input with several texts. The separator 0xFF never occurs in UTF-8.
    var parts: [ArraySlice<UInt8>] { split(separator: 0xFF, omittingEmptySubsequences: false) }
}
