import ContractRuntime

extension Chart {
    /// An event or a period that explains a curve.
    struct Annotation {
        let kind: Kind
        let from: Timestamp
        /// The end of a period; nil for an event.
        var until: Timestamp?
        let label: String
        /// The page of the command or alert.
        var href: String?

        enum Kind: String {
            case command, alert, silence, version, coverage
        }
    }

    /// The annotations of a chart, in any order.
    struct Annotations {
        var members: [Annotation]
        /// The number of events that were not read.
        var omitted = 0
        /// Whether no more than `omitted` events were not read.
        var isExact = true
        /// Whether the chart lists them: only the first of several charts with the same annotations does.
        var isListed = true

        static let none = Annotations(members: [])
    }

    /// The annotations as the chart shows them: numbers above the plot, and a list below it.
    struct Notes {
        let members: [Note]
        let flags: [Flag]
        /// The number of annotations that are not shown.
        let omitted: String?

        /// An entry of the list.
        struct Note {
            let number: Int
            /// The CSS class.
            let look: String
            let from: Moment
            let until: Moment?
            let label: String
            let href: String?
        }

        /// A number above the plot, or the numbers of annotations that are too close to each other.
        struct Flag {
            /// The position as an attribute of SVG, such as `12.5%`.
            let x: String
            let text: String
            let look: String
            let href: String?
        }
    }
}

extension Chart.Notes {
    /// The maximum number of annotations of a chart; the newest are shown.
    private static let most = 24
    /// The maximum number of characters of a label.
    private static let longest = 120
    /// The least distance of two flags, of 1,000.
    private static let distance = 120.0

    /// - Parameter chart: The id of the chart, to whose list a flag of several annotations leads.
    /// - Returns: Nil without annotations in the range.
    init?(_ annotations: Chart.Annotations, over scale: TimeScale, chart: String) {
        guard annotations.isListed else { return nil }
        let inside = annotations.members.filter { scale.has($0.from, $0.until) }.sorted { $0.from < $1.from }
        let shown = inside.suffix(Self.most)
        let hidden = (inside.count - shown.count).addingSaturated(annotations.omitted)
        if shown.isEmpty && hidden <= 0 && annotations.isExact { return nil }
        members = shown.enumerated().map { place, annotation in
            Note(
                number: place + 1,
                look: annotation.kind.rawValue,
                from: Moment(annotation.from),
                until: annotation.until.map { Moment($0) },
                label: Self.shortened(annotation.label),
                href: annotation.href
            )
        }
        flags = Self.flags(members, at: shown.map { scale.place($0.from) }, list: "#\(chart)-notes")
        let count = annotations.isExact ? Figures.count(hidden) : "at least \(Figures.count(hidden))"
        omitted =
            hidden > 0 || !annotations.isExact
            ? "\(count) earlier \(hidden == 1 ? "event is" : "events are") not shown" : nil
    }

    private static func shortened(_ label: String) -> String {
        let scalars = label.unicodeScalars
        guard scalars.count > longest else { return label }
        return String(String.UnicodeScalarView(scalars.prefix(longest - 1))) + "…"
    }

    /// One flag for all annotations that are less than `distance` after the first of them.
    private static func flags(_ notes: [Note], at places: [Double], list: String) -> [Flag] {
        var groups: [[Int]] = []
        for place in places.indices {
            if let first = groups.last?.first, places[place] - places[first] < distance {
                groups[groups.count - 1].append(place)
            } else {
                groups.append([place])
            }
        }
        return groups.compactMap { group in
            guard let first = group.first, let last = group.last else { return nil }
            let isAlert = group.contains { notes[$0].look == Chart.Annotation.Kind.alert.rawValue }
            return Flag(
                // Flags at the end stay inside the block.
                x: "\(min(Chart.round(places[first] / 10), 97))%",
                text: first == last ? "\(notes[first].number)" : "\(notes[first].number)–\(notes[last].number)",
                look: isAlert ? Chart.Annotation.Kind.alert.rawValue : notes[first].look,
                href: first == last ? notes[first].href : list
            )
        }
    }
}

extension Chart.Annotations {
    /// The vertical lines and the periods as SVG.
    func drawing(over scale: TimeScale) -> [String] {
        members.filter { scale.has($0.from, $0.until) }.map { annotation in
            let x = scale.place(annotation.from)
            let look = annotation.kind.rawValue
            guard let until = annotation.until, until > annotation.from else {
                return #"<line class="note-mark \#(look)" x1="\#(x)" x2="\#(x)" y1="0" y2="100"/>"#
            }
            let width = max(Chart.round(scale.place(until) - x), 1)
            return #"<rect class="note-span \#(look)" x="\#(x)" width="\#(width)" y="0" height="100"/>"#
        }
    }
}

extension TimeScale {
    /// Whether an event, or a part of a period, is in the range.
    func has(_ start: Timestamp, _ end: Timestamp?) -> Bool {
        start <= to && max(start, end ?? start) >= from
    }
}
