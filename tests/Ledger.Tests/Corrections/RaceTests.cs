using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using FsCheck.NUnit;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

/// <summary>
/// Many at once on one charge: each reads, decides, and records only if the stream is still at the version it read,
/// else it begins again. In any order of their steps.
/// </summary>
[Properties(MaxTest = 300)]
public class RaceTests
{
    private const int Workers = 24;

    [Property]
    public void any_interleaving_gives_back_no_more_than_the_charge(int[] order, int seed)
    {
        var books = new Books();
        books.Add(new(new StreamId.Usage(InMarch.KeyOf(Tenant, Usd)), Charge.Value, Posted));
        var stream = new StreamId.Charge(Tenant, Charge);
        var workers = Enumerable.Range(0, Workers).Select(number => new Worker(number, seed)).ToList();

        var turns = order.Concat(Enumerable.Range(0, 3 * Workers * Workers));
        foreach (var turn in turns) workers[(turn & int.MaxValue) % Workers].Step(books, stream);

        workers.ShouldAllBe(worker => worker.Answer != null);
        var events = books.Stream(stream).Select(recorded => (ChargeMoved)recorded.Event).ToList();
        events.OfType<ChargeVoided>().Count()
            .ShouldBe(workers.Count(worker => worker is { IsVoid: true, Recorded: true }));
        events.OfType<ChargeVoided>().Count().ShouldBeLessThanOrEqualTo(1);
        var credited = events.Where(moved => moved.Amount.Trillionths < 0)
            .Aggregate(Usd100("0"), (sum, moved) => sum - moved.Amount);
        var added = events.Where(moved => moved.Amount.Trillionths > 0)
            .Aggregate(Posted.Amount, (sum, moved) => sum + moved.Amount);
        (credited <= added).ShouldBeTrue();
        books.Charge(Charge)!.Left.ShouldBe(added - credited);
    }

    [Test]
    public void two_hundred_voids_are_one()
    {
        var books = new Books();
        books.Add(new(new StreamId.Usage(InMarch.KeyOf(Tenant, Usd)), Charge.Value, Posted));

        var answers = Enumerable.Range(0, 200).Select(number => books.Do(() => VoidCharge.Decide(
            new(Tenant, Charge, Correction($"void {number}"), Ask()), books.Correctable(Charge), Now))).ToList();

        answers.OfType<Decision.Accepted>().Count().ShouldBe(1);
        answers.OfType<Decision.Refused>().Count(refused => refused.Reason == Refusal.AlreadyVoided).ShouldBe(199);
    }

    private sealed class Worker(int number, int seed)
    {
        private readonly Amount amount = Usd100(((Math.Abs((long)seed) + number * 37) % 90 + 1).ToString(
            System.Globalization.CultureInfo.InvariantCulture));

        private (int Version, Decision Decision)? read;

        public bool IsVoid => number % 4 == 3;

        public Decision? Answer { get; private set; }

        public bool Recorded => Answer is Decision.Accepted { Appends.Count: > 0 };

        public void Step(Books books, StreamId stream)
        {
            if (Answer is not null) return;
            if (read is not { } seen) read = (books.Version(stream), Decide(books));
            else if (seen.Version != books.Version(stream)) read = null;
            else
            {
                Answer = seen.Decision;
                if (Answer is Decision.Accepted accepted)
                    foreach (var append in accepted.Appends) books.Add(append);
            }
        }

        private Decision Decide(Books books)
        {
            var (id, found) = (Correction($"worker {number}"), books.Correctable(Charge));
            return (number % 4) switch
            {
                0 => CreditCharge.Decide(new(Tenant, Charge, id, amount, Ask()), found, Now),
                1 => AdjustCharge.Decide(
                    new(Tenant, Charge, id, new AdjustCharge.Target.Of(amount), Ask()), found, Now),
                2 => AdjustCharge.Decide(
                    new(Tenant, Charge, id, new AdjustCharge.Target.OfUnits(Quantity.From(number)), Ask()), found, Now),
                _ => VoidCharge.Decide(new(Tenant, Charge, id, Ask()), found, Now),
            };
        }
    }
}
