using System.Text.RegularExpressions;

namespace Billing.Architecture.Tests;

/// <summary>Rules about names and lines. Each gives the places where it is broken.</summary>
internal static partial class TextRules
{
    public const int LongestLine = 110, LongestFile = 150, LongestProgram = 40;

    private static readonly string[] BannedNames =
        ["Core", "Common", "Shared", "Utils", "Helpers", "Managers", "Models", "Implementations"];

    // Put together, so that this file does not break its own rule.
    private static readonly Regex StandIn = new("stand" + "-?in(?!g)", RegexOptions.IgnoreCase);

    public static IEnumerable<Finding> LongLines(Source file) =>
        from line in file.Lines
        where line.Text.EnumerateRunes().Count() > LongestLine
        select new Finding(file.Path, line.Number, $"Longer than {LongestLine} columns.");

    public static IEnumerable<Finding> LongFile(Source file)
    {
        var most = file.Name == "Program.cs" ? LongestProgram : LongestFile;
        var lines = file.Text.TrimEnd('\n').Split('\n').Length;
        return lines > most ? [new(file.Path, 1, $"{lines} lines, more than {most}.")] : [];
    }

    /// <summary>Usings stand in order, those of the framework first: neither builds nor whitespace tell.</summary>
    public static IEnumerable<Finding> UnsortedUsings(Source file)
    {
        var usings = file.Lines.Where(line => Using().IsMatch(line.Text))
            .Select(line => (line.Number, Name: Using().Match(line.Text).Groups[1].Value)).ToList();
        return usings.Zip(usings.OrderBy(line => IsOfTheFramework(line.Name) ? 0 : 1)
                .ThenBy(line => line.Name, StringComparer.OrdinalIgnoreCase))
            .Where(pair => pair.First.Name != pair.Second.Name).Take(1)
            .Select(pair => new Finding(file.Path, pair.First.Number, $"{pair.Second.Name} comes before."));

        static bool IsOfTheFramework(string name) =>
            name == "System" || name.StartsWith("System.", StringComparison.Ordinal);
    }

    public static IEnumerable<Finding> BannedName(string path)
    {
        var parts = path.Split('/');
        var folders = parts[..^1].Where(folder => BannedNames.Contains(folder, StringComparer.OrdinalIgnoreCase));
        var name = Path.GetFileNameWithoutExtension(parts[^1]);
        var files = BannedNames.Append("Extensions").Where(banned =>
            parts[^1].EndsWith(".cs", StringComparison.Ordinal) && name.Equals(banned, StringComparison.OrdinalIgnoreCase));
        return folders.Concat(files).Select(banned => new Finding(path, 1, $"{banned} says nothing about the business."));
    }

    public static IEnumerable<Finding> OpenPromises(Source file) =>
        Matches(file, OpenPromise(), "No issue number.");

    public static IEnumerable<Finding> KnowsOfStandIns(Source file) =>
        Matches(file, StandIn, "Knows how packages are supplied.");

    public static IEnumerable<Finding> Secrets(Source file) => Matches(file, Secret(), "Looks like a secret.");

    public static IEnumerable<Finding> MachinePaths(Source file) => Matches(file, MachinePath(), "A path of one machine.");

    private static IEnumerable<Finding> Matches(Source file, Regex pattern, string what) =>
        from line in file.Lines
        where pattern.IsMatch(line.Text)
        select new Finding(file.Path, line.Number, what);

    [GeneratedRegex(@"^(?:global )?using ([\w.]+);")]
    private static partial Regex Using();

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK)\b(?!\(#\d+\))")]
    private static partial Regex OpenPromise();

    [GeneratedRegex(@"\b(sk|rk)_live_\w{8}|\bsk_test_\w{16}|\bwhsec_\w{24}|\bAKIA[0-9A-Z]{16}\b|\bghp_\w{30}|"
        + @"-----BEGIN [A-Z ]*PRIVATE KEY-----\S|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}")]
    private static partial Regex Secret();

    [GeneratedRegex(@"(?<![\w.~$}])/(root|home/(?!me\b)\w+|Users/\w+|work/(wt|shared))(/|\b)|\b[A-Z]:\\(Users|src)\\")]
    private static partial Regex MachinePath();
}
