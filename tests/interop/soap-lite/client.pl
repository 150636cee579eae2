#!/usr/bin/perl
# SOAP::Lite, called by name: it writes SOAP 1.1 rpc/encoded, with xsi:type on everything and base64 for texts that are not ASCII.

use strict;
use warnings;
use utf8;
use SOAP::Lite;

my ($url, $username, $password, $sender, $tag) = @ARGV;
my $turkish = "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €";
my ($first, $second) = ('905321234567', '905331234567');
my %login = (username => $username, password => $password);
my %sms = (type => 1, title => 'Deneme', sender => $sender, encoding => 1);
binmode STDOUT, ':encoding(UTF-8)';

sub client { return SOAP::Lite->ns('http://localhost:9587/wsdl/sms')->proxy($url) }

my $client = client();

# A value as SOAP::Data: a reference to a list becomes item elements, one to a hash its members.
sub named {
    my ($name, $value) = @_;
    return SOAP::Data->name($name => $value) if !ref $value;
    return $value if ref $value eq 'SOAP::Data';
    my @within = ref $value eq 'ARRAY' ? map { named(item => $_) } @$value : map { named($_ => $value->{$_}) } sort keys %$value;
    return SOAP::Data->name($name => @within ? \SOAP::Data->value(@within) : undef);
}

# One call; its result, as hashes and texts.
sub call {
    my ($operation, $fields, $with) = @_;
    my $answer = ($with || $client)->call($operation, map { named($_ => $fields->{$_}) } sort keys %$fields);
    die $answer->faultstring, "\n" if $answer->fault;
    return $answer->result;
}

sub same {
    my ($expected, $found) = @_;
    $found = '(none)' if !defined $found;
    die "$found is not $expected\n" if $found ne $expected;
    return;
}

sub data {
    my ($operation, $fields, $with) = @_;
    my $result = call($operation, $with ? $fields : {%login, %$fields}, $with);
    die "$result->{err}{code} $result->{err}{message}\n" if ref $result->{err};
    return $result->{data};
}

sub refusal {
    my ($code, $status, $operation, $fields) = @_;
    my $result = call($operation, {%login, %$fields});
    die "no err\n" if !ref $result->{err};
    same($code, $result->{err}{code});
    die "status $result->{err}{status}\n" if $result->{err}{status} != $status;
    die "no message\n" if !$result->{err}{message};
    die "data\n" if ref $result->{data};
    return;
}

# The rows of a list: SOAP::Lite gives one of them as such, and several as a list.
sub rows {
    my ($page) = @_;
    my $rows = ref $page->{list} ? $page->{list}{item} : [];
    $rows = [$rows] if ref $rows ne 'ARRAY';
    die "totalRecord $page->{stats}{totalRecord}\n" if $page->{stats}{totalRecord} != @$rows;
    return @$rows;
}

sub text { my ($word) = @_; return "$tag $word: $turkish" }
sub one { my ($word, %more) = @_; return {%sms, sendingType => 0, content => text($word), number => $first, %more} }
sub many { my ($word, @numbers) = @_; return {%sms, sendingType => 1, content => text($word), numbers => [@numbers]} }
sub otp { my (%more) = @_; return {content => text('otp'), number => $first, sender => $sender, encoding => 1, validity => 3, %more} }

sub each_of {
    my ($one, $other) = @_;
    my @numbers = ({nr => $first, msg => text($one)}, {nr => $second, msg => text($other)});
    return {%sms, sendingType => 2, content => '-', numbers => [@numbers]};
}

sub sent {
    my ($fields) = @_;
    my $id = data(sendSms => $fields)->{pkgID};
    die "pkgID $id\n" if $id <= 0;
    return $id;
}

sub package_of {
    my (%filters) = @_;
    my @rows = rows(data(getSmsPackages => {%filters}));
    same(1, scalar @rows);
    return $rows[0];
}

# Targets and texts of a package's items.
sub items {
    my ($id) = @_;
    return join "\n", sort map { join ' ', $_->{target}, $_->{msg} || '' } rows(data(getSmsPackageItems => {pkgID => $id}));
}

my @checks = (
    'sendSms one' => sub { sent(one('one', customID => "$tag-1")) },
    'sendSms typed' => sub {
        my $typed = SOAP::Data->name(content => text('typed'))->type('string');
        same(text('typed'), package_of(ids => [sent(one('typed', content => $typed))])->{content});
    },
    'sendSms many' => sub { same("$first \n$second ", items(sent(many('many', $first, $second)))) },
    'sendSms each' => sub { sent(each_of('first', 'second')) },
    'sendSms duplicate' => sub { refusal('ERR_SMS_PKG_CUSTOM_ID_DUPLICATION', 417, sendSms => one('one', customID => "$tag-1")) },
    'sendSms empty' => sub { refusal('ERR_EMPTY_SMS_PACKAGE', 417, sendSms => many('empty')) },
    'sendSms refused' => sub { refusal('ERR_BAD_REQUEST', 400, sendSms => one('refused', type => 7)) },
    'sendOtp sent' => sub {
        my $found = package_of(ids => [data(sendOtp => otp())->{pkgID}]);
        same('0 3', "$found->{type} $found->{validity}");
    },
    'sendOtp refused' => sub { refusal('ERR_BAD_REQUEST', 400, sendOtp => otp(validity => 30)) },
    'getSmsPackages by-id' => sub {
        my $id = sent(one('package', customID => "$tag-2"));
        my $found = package_of(ids => [$id]);
        same("$id $tag-2 $sender", "$found->{id} $found->{customID} $found->{senders}{item}");
        same(text('package'), $found->{content});
        same(1, $found->{statistics}{rCount} + 0);
        die "total\n" if $found->{statistics}{total} <= 0;
    },
    'getSmsPackages none' => sub { same(0, scalar rows(data(getSmsPackages => {ids => [1]}))) },
    'getSmsPackageItems both' => sub {
        same(join("\n", "$first " . text('A'), "$second " . text('B')), items(sent(each_of('A', 'B'))));
    },
    'getSmsPackageItems refused' => sub { refusal('ERR_SMS_PKG_NOT_FOUND', 417, getSmsPackageItems => {pkgID => 1}) },
    'getSmsSenders list' => sub {
        my ($row) = rows(data(getSmsSenders => {status => 1}));
        same("$sender 1", "$row->{title} $row->{status}");
    },
    'cancelSmsPackage scheduled' => sub {
        my $id = sent(one('scheduled', customID => "$tag-3", sendingDate => '2040-01-01 10:00'));
        same(1, data(cancelSmsPackage => {id => $id})->{status} + 0);
        same(-4, package_of(ids => [$id])->{state} + 0);
    },
    'cancelSmsPackage refused' => sub { refusal('ERR_SMS_PKG_NOT_CHANGEABLE', 417, cancelSmsPackage => {customID => "$tag-3"}) },
    'getUserCredit credit' => sub { die "credit\n" if data(getUserCredit => {})->{credit} <= 0 },
    'getUserCredit wrong-password' => sub { refusal('ERR_UNAUTHORIZED_REQUEST', 401, getUserCredit => {password => 'wrong'}) },
    'getUserCredit basic' => sub {
        my $basic = client();
        no warnings 'redefine', 'once';
        local *SOAP::Transport::HTTP::Client::get_basic_credentials = sub { return ($username, $password) };
        die "credit\n" if data(getUserCredit => {}, $basic)->{credit} <= 0;
    },
    'getUserCredit fault' => sub {
        my $answer = $client->call('noSuchOperation');
        same('The SOAP body does not hold a known operation.', $answer->fault && $answer->faultstring);
    },
);

while (my ($name, $check) = splice @checks, 0, 2) {
    my $reason = eval { $check->(); 1 } ? '' : $@ || 'died';
    $reason =~ tr/\n/ /;
    print "CHECK $name ", $reason ? "FAIL $reason\n" : "ok\n";
}
print "DONE\n";
