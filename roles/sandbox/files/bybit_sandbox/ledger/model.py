# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger (accounts, legacy loans, coins, and settings), and its form in the state file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from decimal import Decimal

from ..amounts import ZERO, plain
from ..switches import Switches
from .records import (
    BY_COIN, Adjustment, Allocation, Borrowing, FixedContract, FlexibleDebt, PendingBorrowing, Repayment, Transfer,
)

OPEN, REPAID, LIQUIDATED = "open", "repaid", "liquidated"
SUCCESS, PROCESSING, FAILED = 1, 2, 3
BY_USER, BY_LIQUIDATION = "1", "2"


@dataclass
class LegacyLoan:
    order_id: str
    loan_coin: str
    collateral_coin: str
    term: str
    principal: Decimal
    collateral: Decimal
    hourly_rate: Decimal
    borrowed_at: int
    due_at: int | None
    initial_loan: Decimal
    initial_collateral: Decimal
    interest: Decimal = ZERO
    penalty: Decimal = ZERO
    repaid_interest: Decimal = ZERO
    repaid_penalty: Decimal = ZERO
    accrued_hours: int = 0
    status: str = OPEN
    closed_at: int | None = None

    @property
    def debt(self) -> Decimal:
        """Everything that is owed now: principal, interest, and penalty interest."""
        return self.principal + self.interest + self.penalty

    @property
    def position(self) -> tuple[int, str]:
        return self.borrowed_at, self.order_id


@dataclass
class LegacyRepayment:
    repay_id: str
    order_id: str
    loan_coin: str
    collateral_coin: str
    term: str
    amount: Decimal
    time: int
    type: str = BY_USER
    status: int = SUCCESS
    collateral_return: Decimal = ZERO
    origin: str = "api"
    visible_at: int = 0
    settles_at: int | None = None
    final_status: int = SUCCESS
    # The part of the amount that paid interest and penalty interest.
    interest: Decimal = ZERO
    settled_at: int | None = None

    @property
    def position(self) -> tuple[int, str]:
        return self.time, self.repay_id

    def summary(self) -> str:
        return f"repayment {self.repay_id}: {self.amount:f} {self.loan_coin} of order {self.order_id}"


@dataclass
class Snapshot:
    """What queries show until a given time, although the ledger has changed."""

    until: int
    collateral: dict[str, Decimal]
    legacy_loans: list[LegacyLoan] = field(default_factory=list)
    flexible_loans: list[FlexibleDebt] = field(default_factory=list)
    fixed_contracts: list[FixedContract] = field(default_factory=list)


@dataclass
class WalletSnapshot:
    """The same for the Funding and the UNIFIED wallet."""

    until: int
    wallet: dict[str, Decimal]
    unified: dict[str, Decimal]


@dataclass
class FundingEntry:
    """One movement of the Funding wallet, negative if it takes money, and the balance after it."""

    number: int
    coin: str
    amount: Decimal
    after: Decimal
    time: int
    kind: str


@dataclass
class Key:
    key: str
    secret: str = ""
    rsa_public_key: str = ""
    permissions: list[str] = field(default_factory=list)
    read_only: bool = False
    ips: list[str] = field(default_factory=list)
    expires_at: int | None = None
    # Deleted keys stay in the list, so that the IDs of the others do not change.
    deleted: bool = False


@dataclass
class Account:
    uid: str
    name: str
    restriction: int
    wallet: dict[str, Decimal]
    keys: list[Key]
    legacy_loans: list[LegacyLoan]
    legacy_repayments: list[LegacyRepayment]
    flexible_loans: dict[str, FlexibleDebt] = field(default_factory=dict)
    fixed_contracts: list[FixedContract] = field(default_factory=list)
    collateral: dict[str, Decimal] = field(default_factory=dict)
    repayments: list[Repayment] = field(default_factory=list)
    borrowings: list[Borrowing] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    wallet_snapshots: list[WalletSnapshot] = field(default_factory=list)
    funding: list[FundingEntry] = field(default_factory=list)
    pending_borrowings: list[PendingBorrowing] = field(default_factory=list)
    supply: dict[str, Decimal] = field(default_factory=dict)
    unified: dict[str, Decimal] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    parent_uid: str = "0"

    def legacy_loan(self, order_id: str) -> LegacyLoan | None:
        return next((loan for loan in self.legacy_loans if loan.order_id == order_id), None)

    def pledge(self, coin: str, amount: Decimal) -> None:
        self.collateral[coin] = self.collateral.get(coin, ZERO) + amount


@dataclass
class LoanCoin:
    accuracy: int
    flexible_rate: str
    fixed_rates: dict[str, str]
    min_amount: Decimal
    max_amount: Decimal
    flexible_accuracy: int
    fixed_accuracy: int
    annual_rates: dict[str, str]


@dataclass
class CollateralCoin:
    accuracy: int
    initial_ltv: Decimal
    margin_call_ltv: Decimal
    liquidation_ltv: Decimal
    max_limit: Decimal
    ratios: dict[str, Decimal]
    liquidation_order: int


@dataclass
class Settings:
    forgive_dust: bool = True
    initial_ltv: Decimal = Decimal("0.8")
    margin_call_ltv: Decimal = Decimal("0.85")
    liquidation_ltv: Decimal = Decimal("0.95")
    collateral_repay_type: int = BY_COIN
    col_res: int = 0
    ip_requests: int = 600
    ip_window_ms: int = 5000
    ip_ban_ms: int = 600_000
    limits: dict[str, int] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)


@dataclass
class Ledger:
    """Everything that the state file keeps."""

    settings: Settings
    prices: dict[str, Decimal]
    vip_levels: list[str]
    loan_coins: dict[str, LoanCoin]
    collateral_coins: dict[str, CollateralCoin]
    repay_fees: dict[str, Decimal]
    accounts: list[Account]
    last_repay_id: int
    last_repay_number: int
    last_order_number: int
    last_adjust_number: int
    last_funding_number: int
    last_transfer_number: int


_PARTS = {
    "Settings": Settings, "LoanCoin": LoanCoin, "CollateralCoin": CollateralCoin, "Account": Account, "Key": Key,
    "LegacyLoan": LegacyLoan, "LegacyRepayment": LegacyRepayment, "Snapshot": Snapshot, "FlexibleDebt": FlexibleDebt,
    "FixedContract": FixedContract, "Repayment": Repayment, "Allocation": Allocation, "Borrowing": Borrowing,
    "Adjustment": Adjustment, "PendingBorrowing": PendingBorrowing, "WalletSnapshot": WalletSnapshot,
    "FundingEntry": FundingEntry, "Switches": Switches, "Transfer": Transfer,
}


def to_plain(value: object) -> object:
    """The value as dicts, lists, strings, and integers, ready for JSON."""
    if is_dataclass(value):
        return to_plain(asdict(value))
    if isinstance(value, dict):
        return {name: to_plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    return plain(value) if isinstance(value, Decimal) else value


def from_plain(kind: str, value: object) -> object:
    """The inverse of to_plain, guided by the field's declared type."""
    if kind == "Decimal":
        return Decimal(value)
    if kind in _PARTS:
        return build(_PARTS[kind], value)
    if kind.startswith("list["):
        return [from_plain(kind[5:-1], item) for item in value]
    if kind.startswith("dict[str, "):
        return {name: from_plain(kind[10:-1], item) for name, item in value.items()}
    return value


def build(cls: type, document: dict) -> object:
    return cls(**{item.name: from_plain(item.type, document[item.name]) for item in fields(cls)})
