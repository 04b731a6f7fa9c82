using System.Text.Json;

namespace Billing.Ledger.Projections;

/// <summary>Members of enums as words in kebab-case, in rows and in answers.</summary>
internal static class Words
{
    public static string Of<T>(T value) where T : struct, Enum => Kept<T>.Words[value];

    /// <summary>Null where no member is called so.</summary>
    public static T? Find<T>(string word) where T : struct, Enum =>
        Kept<T>.Members.TryGetValue(word, out var member) ? member : null;

    public static IEnumerable<string> All<T>() where T : struct, Enum => Kept<T>.Words.Values;

    private static class Kept<T> where T : struct, Enum
    {
        public static readonly Dictionary<T, string> Words = Enum.GetValues<T>()
            .ToDictionary(
                value => value, value => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()));

        public static readonly Dictionary<string, T> Members =
            Words.ToDictionary(word => word.Value, word => word.Key);
    }
}
