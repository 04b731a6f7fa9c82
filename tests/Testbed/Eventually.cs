using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Billing.Testbed;

/// <summary>Waits for what must become true, instead of for time to pass.</summary>
public static class Eventually
{
    /// <summary>Generous: it is only used up by a test that fails.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(20);

    /// <exception cref="AssertionException">The condition is still false at the end.</exception>
    public static Task Is(
        Func<bool> condition, TimeSpan? within = null,
        [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Is(() => Task.FromResult(condition()), within, what);

    /// <exception cref="AssertionException">
    /// The condition is still false, or still throws, at the end.
    /// </exception>
    public static Task Is(
        Func<Task<bool>> condition, TimeSpan? within = null,
        [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Gives(async () => await condition() ? "yes" : null, within, what);

    /// <summary>The first answer that is not null.</summary>
    /// <exception cref="AssertionException">It is still null, or still throws, at the end.</exception>
    public static async Task<T> Gives<T>(
        Func<Task<T?>> question, TimeSpan? within = null,
        [CallerArgumentExpression(nameof(question))] string what = "") where T : class
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            Exception? failure = null;
            try
            {
                if (await question() is { } answer) return answer;
            }
            catch (Exception thrown) when (thrown is not OperationCanceledException)
            {
                failure = thrown;
            }

            if (clock.Elapsed > (within ?? Patience))
                throw new AssertionException(
                    $"Not within {clock.Elapsed.TotalSeconds:F0} s: {what}", failure!);

            await Task.Delay(pause);
        }
    }
}
