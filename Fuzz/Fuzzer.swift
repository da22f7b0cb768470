#if canImport(Glibc)
    import Glibc
#endif

/// One kind of input that comes from outside, with the code that reads it and what must hold afterwards.
struct FuzzTarget: Sendable {
    let name: String
    /// Reads one input; calls `expect` for what must hold.
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

// One program holds all targets, because building it takes longer than linking; Fuzz/run says which one runs.
private let target: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        print("FUZZ_TARGET must be one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
        exit(2)
    }
    return target
}()

/// The function that libFuzzer calls for each input (https://llvm.org/docs/LibFuzzer.html).
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

extension [UInt8] {
    /// The parts of an input that consists of several texts. 0xFF is in no UTF-8 text.
    var parts: [ArraySlice<UInt8>] { split(separator: 0xFF, omittingEmptySubsequences: false) }
}
