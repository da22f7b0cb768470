import Foundation

/// Mutates texts at random, in a reproducible way.
public struct Damage {
    private var state: UInt64 = 20_261_122
    private var round = 0
    private let rounds: Int
    /// Characters with a meaning in JSON or YAML.
    private static let signs = Array("{}[],:\"'\\&*!|>#-? \n\t0e.+x~".utf8)

    /// Runs `FUZZ_ROUNDS` rounds if it is set, else `rounds`.
    public init(rounds: Int) {
        self.rounds = ProcessInfo.processInfo.environment["FUZZ_ROUNDS"].flatMap { Int($0) } ?? rounds
    }

    private mutating func number(below limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % max(limit, 1)
    }

    /// The next mutated text; nil after the last round.
    public mutating func next(of seeds: [String]) -> (text: String, round: Int)? {
        guard round < rounds else { return nil }
        round += 1
        var bytes = Array(seeds[number(below: seeds.count)].utf8)
        for _ in 0...number(below: 4) where !bytes.isEmpty {
            let place = number(below: bytes.count)
            switch number(below: 5) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(UInt8(number(below: 256)), at: place)
            case 2: bytes[place] = Self.signs[number(below: Self.signs.count)]
            case 3: bytes.insert(contentsOf: bytes[place..<min(place + number(below: 12), bytes.count)], at: place)
            default: bytes.removeLast(number(below: bytes.count - place))
            }
        }
        return (String(decoding: bytes, as: UTF8.self), round)
    }
}
