import Foundation

/// A generator with a reproducible sequence (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators").
public struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    /// Creates the generator of a random test, and prints its seed. `TEST_SEED=N swift test --filter NAME` repeats a sequence.
    public init(test: String = #function) {
        let given = ProcessInfo.processInfo.environment["TEST_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0..<1_000_000)
        print("\(test): TEST_SEED=\(seed)")
        self.init(seed: seed)
    }

    /// Creates a generator with a seed.
    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
